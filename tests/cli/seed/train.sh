#!/bin/sh

export EXP_DIR=/path/to/your/experiment/directory

pyannote-audio dcase train --subset=train --debug --cpu --to=10 --parallel=4 ${EXP_DIR} TUT2017.SpeakerDiarization.MyProtocol
