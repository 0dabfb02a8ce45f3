export TRAIN_DIR=${EXPERIMENT_DIR}/train/VoxCeleb.SpeakerVerification.VoxCeleb1.train
pyannote-speaker-embedding validate --subset=test --duration=1.0 ${TRAIN_DIR} VoxCeleb.SpeakerDiarization.VoxCeleb1
