# Healthy when this interpreter is the installed one and its data pipeline works.
# Run as `nu --no-config-file --no-std-lib --stdin health.nu`, with the request on stdin.
def main [] {
  let request = ($in | from json)
  if $request.op != "health" {
    print --stderr $"error: this script does not know the operation '($request.op)'"
    exit 13
  }
  let expected = $request.extension.version
  let actual = (version | get version)
  let sum = ([[n]; [20] [22]] | get n | math sum)
  if $actual != $expected {
    answer unhealthy $"nu is ($actual), not ($expected)"
  } else if $sum != 42 {
    answer unhealthy $"nu counts ($sum) instead of 42"
  } else {
    answer healthy $"nu ($actual)"
  }
}

def answer [status: string, message: string] {
  print ({type: result, status: $status, message: $message} | to json --raw)
}
