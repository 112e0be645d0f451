# Usage: exit-code.sh CODE COMMAND...; succeeds when the command ends with CODE.
expected=$1
shift
"$@"
actual=$?
[ "$actual" = "$expected" ] || { echo "exit code $actual, expected $expected" >&2; exit 1; }
