# Reads the log of `ctest --verbose`, prints every failed and every skipped test with what it said,
# and as its last line the numbers of passed, failed and skipped tests. A program of GoogleTest
# counts each of its tests, pytest counts them in its last line, any other program counts once.
function indent(text) {
  gsub(/\n/, "\n    ", text)
  return "    " text
}

# Lines of test 7 begin with "7: "; tests run at the same time are mixed line by line.
match($0, /^[0-9]+: /) {
  id = substr($0, 1, RLENGTH - 2) + 0
  line = substr($0, RLENGTH + 1)
  if (line ~ /^\[ RUN      \]/) {
    said[id] = ""
    running[id] = " in " substr(line, 14)
  } else if (line ~ /^\[       OK \] .* \([0-9]+ ms\)$/) {
    passed++; inner[id]++; running[id] = ""
  } else if (line ~ /^\[  FAILED  \] .* \([0-9]+ ms\)$/) {
    failed++; inner[id]++; inner_failed[id]++; running[id] = ""
    print "FAILED  " substr(line, 14) "\n" indent(said[id])
  } else if (line ~ /^\[  SKIPPED \] .* \([0-9]+ ms\)$/) {
    skipped++; inner[id]++; running[id] = ""
    print "SKIPPED " substr(line, 14) "\n" indent(said[id])
  } else if (line ~ /^([0-9]+ (passed|failed|skipped|errors?|warnings?|deselected)(, )?)+ in [0-9.]+s/) {
    n = split(line, word, " ")
    for (i = 2; i <= n; i++) {
      if (word[i] ~ /^passed/) { passed += word[i - 1]; inner[id] += word[i - 1] }
      if (word[i] ~ /^skipped/) { skipped += word[i - 1]; inner[id] += word[i - 1] }
      if (word[i] ~ /^(failed|error)/) {
        failed += word[i - 1]; inner[id] += word[i - 1]; inner_failed[id] += word[i - 1]
      }
    }
    if (inner_failed[id]) print "FAILED  pytest\n" indent(said[id])
  } else if (line ~ /^SKIPPED \[/) {
    print line
  } else if (line != "" && line !~ /^(Test command|Working Directory|Environment var|Test timeout)/) {
    said[id] = said[id] (said[id] == "" ? "" : "\n") line
  }
  next
}

# " 3/12 Test  #7: graph ...........   Passed    0.12 sec"
/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
  match($0, /#[0-9]+/)
  id = substr($0, RSTART + 1, RLENGTH - 1) + 0
  name = $0
  sub(/^[^#]*#[0-9]+: /, "", name)
  sub(/[ .*].*/, "", name)
  if ($0 ~ /   Passed /) {
    if (!inner[id]) passed++
  } else if ($0 ~ /\*\*\*Skipped/) {
    if (!inner[id]) {
      skipped++
      print "SKIPPED " name "\n" indent(said[id])
    }
  } else if (!inner_failed[id]) {
    failed++
    sub(/^.*\*\*\*/, "")
    sub(/ +/, " ")
    print "FAILED  " name running[id] ": " $0 "\n" indent(said[id])
  }
  said[id] = ""
}

END { print passed + 0, failed + 0, skipped + 0 }
