#!/usr/bin/env bash
# From nothing to a trained, validated, applied and officially scored sound event detector, on a small
# synthetic data set that is made here. The first argument names the folder to work in (default: demonstration).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
mkdir -p "${1:-$here/demonstration}"
work="$(cd "${1:-$here/demonstration}" && pwd)"
bash "$here/scripts/install.sh"
cd "$here"
export PATH="$here/.venv/bin:$PATH"
export PYANNOTE_DATABASE_CONFIG="$work/database/database.yml"
export PYANNOTE_AUDIO_CACHE="$work/cache"
work="${work#"$here"/}"

explain() { printf '\n'; printf '%s\n' "$@"; }
run() { echo "\$ $*"; "$@"; }

protocol=TUT2017.SpeakerDiarization.Fold1
train="$work/experiment/train/$protocol.train"
validate="$train/validate_average_detection_fscore/$protocol.development"

echo "A sound event detector in five steps, in the folder $work"

explain "1. Recordings: eight of 30 s, synthetic, in the layout of TUT Sound Events 2017"
run python scripts/demonstration.py --seed=1 "$work/synthetic"

explain "2. Preparation: annotation, lists of files, and database.yml, where all commands find them"
run python scripts/preprocess.py "$work/synthetic" "$work/database"

explain "3. Training on four recordings, as $work/experiment/config.yml says" \
    "   If this was run before, training goes on where it ended; remove $work/experiment to begin anew."
mkdir -p "$work/experiment"
cp tutorials/models/dcase/config.quickstart.yml "$work/experiment/config.yml"
run pyannote-audio dcase train --from=last --to=20 "$work/experiment" $protocol

explain "4. Validation on two others: with which epoch and threshold each class is found best"
run pyannote-audio dcase validate "$train" $protocol

explain "5. Application to the last two, and their official score by sed_eval" \
    "   ER is the error rate (0: all is right); F1, precision and recall are in percent; Nref and Nsys count the" \
    "   segments or events that are annotated and detected. The sounds are synthetic: these figures show that" \
    "   everything works, and say nothing about how well a real street is heard."
run pyannote-audio dcase apply "$validate" $protocol

cat <<EOF
Done. To see curves, scores and events as pictures, run this and open http://localhost:6006
  .venv/bin/tensorboard --logdir=$work/experiment
Next, with real recordings: tutorials/data_preparation/README.md, then tutorials/models/dcase/README.md
EOF
