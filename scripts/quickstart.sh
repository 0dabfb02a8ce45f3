#!/usr/bin/env bash
# From nothing to a trained, validated, applied and officially scored sound event detector, on a small
# synthetic data set that is made here. The first argument names the folder to work in (default: demonstration).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
mkdir -p "${1:-$here/demonstration}"
work="$(cd "${1:-$here/demonstration}" && pwd)"
cd "$here"
bash scripts/install.sh
export PATH="$here/.venv/bin:$PATH"
export PYANNOTE_DATABASE_CONFIG="$work/database/database.yml"
export PYANNOTE_AUDIO_CACHE="$work/cache"

echo "1. Synthetic recordings, in the layout of TUT Sound Events 2017"
python scripts/demonstration.py "$work/synthetic"
echo "2. RTTM, UEM, LST and database.yml"
python scripts/preprocess.py "$work/synthetic" "$work/database"
echo "3. Training, validated after each epoch"
experiment="$work/experiment"
rm -rf "$experiment"
mkdir -p "$experiment"
cp tutorials/models/dcase/config.quickstart.yml "$experiment/config.yml"
protocol=TUT2017.SpeakerDiarization.Fold1
pyannote-audio dcase train --to=10 "$experiment" $protocol
train="$experiment/train/$protocol.train"
echo "4. Validation: the best epoch and threshold of each class"
pyannote-audio dcase validate "$train" $protocol
validate="$train/validate_average_detection_fscore/$protocol.development"
echo "5. Applying to the test files, and the official score"
pyannote-audio dcase apply "$validate" $protocol
echo "Done. Everything is in $work. To look at the curves and pictures:"
echo "  .venv/bin/tensorboard --logdir=$experiment"
