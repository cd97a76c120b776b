#!/bin/bash
# (a) plain.sh FOLDER PROJECT STUDENT...: one ssh for each machine, all at once, and the same script through each.
set -eu
folder=$1 project=$2
shift 2

values() {
    printf '%s=%q\n' python "$BENCH_PYTHON" ppa_url "$LAB_PPA_URL" ppa_key_url "$LAB_PPA_KEY_URL" \
        ppa_fingerprint "$LAB_PPA_FINGERPRINT" project "$(basename "$project")" archive "$archive" \
        student_key "$(cat "$folder/$1.pem.pub")"
    # shellcheck disable=SC2086 # they are words
    printf '%s=(%s)\n' packages "$BENCH_PACKAGES" pip_options "$BENCH_PIP_OPTIONS"
}

archive=$(tar -cz -C "$project" . | base64 -w0)
declare -A running
for student; do
    { values "$student" && cat "$(dirname "$0")/plain_seat.sh"; } |
        ssh -F "$folder/ssh_config" "$student" sudo -n bash -s >"$folder/$student.said" 2>&1 &
    running[$student]=$!
done
failed=0
for student; do
    wait "${running[$student]}" || { failed=1 && cat "$folder/$student.said"; }
done
exit "$failed"
