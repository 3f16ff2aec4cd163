#!/bin/sh
# A run as a job of a Ray cluster that is up already. The job's driver runs on the head node, so nothing depends on the
# machine that submits it. `ray job submit` needs `pip install 'ray[default]'` here and on the head; funcdex has to be
# installed on every node (in the image, or with --runtime-env-json '{"pip": ["funcdex[ray,dedup,minilm]"]}'), and
# /shared has to be the same file system everywhere.
#
#     sh examples/ray_job.sh http://head:8265 http://gpu1:8000,http://gpu2:8000
set -eu
ray job submit --address "$1" --submission-id "funcdex-$(date +%s)" -- \
    funcdex generate --endpoints "$2" --toolkits gmail,jira --count 100000 --run /shared/runs/first --ray auto

# Stopped by `ray job stop`, or by anything else? The same command again goes on; so does
#     ray job submit --address "$1" -- funcdex resume /shared/runs/first --ray auto
