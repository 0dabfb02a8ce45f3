export VALIDATE_DIR=${EXPERIMENT_DIR}/validate/VoxCeleb.SpeakerVerification.VoxCeleb1.test
pyannote-speaker-embedding apply --duration=1.0 --step=0.5 ${VALIDATE_DIR} AMI.SpeakerDiarization.MixHeadset 
