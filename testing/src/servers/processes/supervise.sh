#!/bin/sh
# supervise.sh FOLDER COMMAND [ARGUMENT...]
# Runs COMMAND, its output in FOLDER/log, for as long as standard input stays open. Who started us holds the other end of
# that pipe: when it closes the pipe, or dies in whatever way (Ctrl-C, a crash, SIGKILL), COMMAND is killed. At the end
# FOLDER goes, and the folder around it when that is then empty; the log's last lines go to standard error.
folder=$1
shift
exec 3<&0
"$@" >"$folder/log" 2>&1 3<&- </dev/null &
command=$!
(
  while read -r _ <&3; do :; done
  kill -KILL "$command"
) 2>/dev/null &
watcher=$!
# Who reads our standard error may be gone: the clean-up goes on.
trap '' PIPE
wait "$command"
status=$?
# The watcher must not outlive the command: by then its process id may be another's.
kill -KILL "$watcher" 2>/dev/null
tail -n 30 "$folder/log" >&2
rm -rf "$folder"
rmdir "$(dirname "$folder")" 2>/dev/null
exit "$status"
