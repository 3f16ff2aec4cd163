#!/bin/sh
# A run as a job of a Ray cluster that is up already. The job's driver runs on the head node, so nothing depends on the
# machine that submits it. `ray job submit` needs `pip install 'ray[default]'` here and on the head; funcdex has to be
# installed on every node (in the image, or with --runtime-env-json '{"pip": ["funcdex[ray,dedup,minilm]"]}'), and
# the folder of the run has to be on a file system that is the same everywhere. Ends as the run does; its output is shown.
#
#     sh examples/ray_job.sh http://head:8265 http://gpu1:8000,http://gpu2:8000
#     RUN=/shared/runs/second COUNT=500 sh examples/ray_job.sh http://head:8265 dns:vllm.ml.svc:8000
set -eu
ray job submit --address "$1" --submission-id "funcdex-$(date +%s)" -- \
    funcdex generate --endpoints "$2" --toolkits gmail,jira --count "${COUNT:-100000}" \
    --run "${RUN:-/shared/runs/first}" --ray auto

# Stopped by `ray job stop`, or by anything else? The same command again goes on; so does
#     ray job submit --address "$1" -- funcdex resume /shared/runs/first --ray auto
