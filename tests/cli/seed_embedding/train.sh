export EXPERIMENT_DIR=tutorials/models/speaker_embedding
pyannote-speaker-embedding train --gpu --to=1000 ${EXPERIMENT_DIR} VoxCeleb.SpeakerVerification.VoxCeleb1
