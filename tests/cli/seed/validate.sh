#!/bin/sh

export CUDA_VISIBLE_DEVICES=gpu2
export EXP_DIR=/path/to/your/experiment/directory
export TRN_DIR=${EXP_DIR}/train/TUT2017.SpeakerDiarization.MyProtocol.train
export VAL_DIR=${TRN_DIR}/validate_average_detection_fscore/TUT2017.SpeakerDiarization.MyProtocol.development

pyannote-audio dcase validate --subset=development --every=1 ${TRN_DIR} TUT2017.SpeakerDiarization.MyProtocol
