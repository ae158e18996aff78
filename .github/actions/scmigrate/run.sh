#!/usr/bin/env bash
# Runs scmigrate as the action's inputs say, leaves the summary and the outputs, and ends with the code that the job should
# see. Inputs come as environment variables: none is ever part of a script.
set -euo pipefail
args=(run -i "$INVENTORY" -o "$OUT" --format "$FORMAT" --no-progress)
[ -z "$RULES" ] || args+=(--rules "$RULES")
if [ -n "$PREVIOUS" ] && [ -f "$PREVIOUS/ledger.db" ]; then
    args+=(--previous "$PREVIOUS")
    [ "$NEW_ONLY" != true ] || args+=(--require 'new-blocked == 0')
elif [ "$NEW_ONLY" = true ]; then
    args+=(--require 'blocked <= 100%') # nothing to compare with yet
fi
while IFS= read -r arg; do
    [ -z "$arg" ] || args+=("$arg")
done <<<"$ARGS"

code=0
"$RUNNER_TEMP/scmigrate/scmigrate" "${args[@]}" || code=$?
echo "exit-code=$code" >>"$GITHUB_OUTPUT"

# The shareable form alone leaves this machine.
if [ -d "$OUT/share" ] && [ ! -L "$OUT/share" ] && [ -z "$(find "$OUT/share" -type l -print -quit)" ]; then
    echo "share=$OUT/share/" >>"$GITHUB_OUTPUT"
    if [ ! -s "$GITHUB_STEP_SUMMARY" ] && [ -f "$OUT/share/report.md" ]; then
        cat "$OUT/share/report.md" >>"$GITHUB_STEP_SUMMARY"
    fi
fi
if [ "$code" = 4 ] && [ "$UNDECIDED" = warn ]; then
    echo '::warning title=scmigrate::undecided: some vehicles could not be measured (see the summary)'
    code=0
fi
exit "$code"
