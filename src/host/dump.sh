# What the configuration on disk says, and what the master holds of it: one awk reads both.

# read_dump: on its input what `look_at_config` puts together, each part announced by the nonce of the request; as its
# environment $om, $prefix (-p), $globals (-g) and $arch. It prints `key value` lines. What it could not read
# for certain (`unread`) is never judged.
read_dump() {
  nonce=$nonce om=$om prefix=$prefix globals=$globals arch=$arch awk '
    BEGIN {
      mark = ENVIRON["nonce"]; om = ENVIRON["om"]; prefix = ENVIRON["prefix"]; part = "fds"
      # A server without `listen` takes 80 from root and 8000 from anybody else.
      plain_port = 80
      while ((getline line < ("/proc/" om "/status")) > 0)
        if (line ~ /^Uid:/) { split(line, f); if (f[3] + 0 != 0) plain_port = 8000 }
      is_big = ENVIRON["arch"] ~ /^(s390|ppc$|ppc64$|mips$|mips64$|sparc)/
      file = "-g"; first[file] = 1; take(ENVIRON["globals"]); end_file()
    }
    substr($0, 1, length(mark) + 1) == mark " " { part = $2; status = $3; next }
    part == "fds" { if (match($0, /socket:\[[0-9]+\]/)) ours[substr($0, RSTART + 8, RLENGTH - 9)] = 1; next }
    part == "log" {
      if (index($0, "before executing new binary process") && index($0, " " om "#")) {
        alert = $1 $2; gsub(/[^0-9]/, "", alert)
        alert = alert " " $1 " " $2
      }
      next
    }
    part == "workers" { if (!has_master($0)) print "stray", $0; next }
    part == "exit" { next }
    dumping && /^# configuration file .*:$/ {
      if (file != "") end_file()
      file = substr($0, 22, length($0) - 22)
      if (main == "") main = file
      files[++file_count] = file; first[file] = count + 1
      print "file", file
      next
    }
    dumping { if (file != "") take($0); next }
    / version: .*\// { if (!seen_version++) { sub(/.* version: [^\/]*\//, ""); print "version", $1 }; next }
    /^configure arguments:/ { sub(/^configure arguments: */, ""); build = " " $0 " "; print "build", $0; next }
    / test is successful$/ { dumping = 1; file = ""; next }
    / test failed$|^built |^TLS / { next }
    said == "" || (/\[emerg\]/ && said !~ /\[emerg\]/) { if ($0 != "") said = $0 }

    END {
      held_sockets()
      while ((getline line < "/proc/stat") > 0) if (line ~ /^btime /) print "booted", substr(line, 7)
      if (alert != "") print "alert", alert
      if (!dumping) { print "error", (status == 124 ? "it did not end within 20 s" : said); exit }
      if (file != "") end_file()
      conf_prefix = main; sub(/[^\/]*$/, "", conf_prefix)
      workers = "1"
      walk("-g", "", 0); walk(main, "", 0)
      if (unread) { print "unread"; exit }
      if (prefix == "") prefix = built("prefix", "/usr/local/nginx")
      if (pid == "") pid = built("pid-path", "logs/nginx.pid")
      print "pid", (pid ~ /^\// ? pid : prefix (prefix ~ /\/$/ ? "" : "/") pid)
      print "workers", workers
      if (workers == "auto") workers = online()
      print "started", workers
      bind_all(); compare()
    }

    # The worker of a /proc/PID/cmdline: is its parent a master, ours or another?
    function has_master(path,   stat, title) {
      sub(/cmdline$/, "stat", path)
      if ((getline stat < path) <= 0) return 1
      close(path)
      sub(/^.*\) . /, "", stat); sub(/ .*/, "", stat)
      path = "/proc/" stat "/cmdline"
      getline title < path
      close(path)
      return index(title, ": master process ") > 0
    }

    # The tokens of nginx: words, quotes, escapes, comments.
    function take(line,   c) {
      line = line "\n"
      while (line != "") {
        if (lua) {
          if (!match(line, /[{}]/)) return
          lua += substr(line, RSTART, 1) == "{" ? 1 : -1
          line = substr(line, RSTART + 1)
        } else if (quote != "") {
          if (!match(line, "[" quote "\\\\]")) { word = word line; return }
          word = word substr(line, 1, RSTART - 1)
          c = substr(line, RSTART, 1)
          if (c == "\\") {
            word = word unescaped(substr(line, RSTART + 1, 1)); line = substr(line, RSTART + 2)
          } else {
            quote = ""; end_word(); line = substr(line, RSTART + 1)
          }
        } else if (!in_word) {
          sub(/^[ \t\r\n]+/, "", line)
          c = substr(line, 1, 1)
          if (c == "#" || c == "") return
          if (c ~ /[;{}]/) { statement(c); line = substr(line, 2); continue }
          in_word = 1; word = ""
          if (c == "\"" || c == "\047") { quote = c; line = substr(line, 2) }
        } else {
          match(line, /[ \t\r\n;{\\$]/)
          word = word substr(line, 1, RSTART - 1)
          c = substr(line, RSTART, 1)
          if (c == "\\") {
            word = word unescaped(substr(line, RSTART + 1, 1)); line = substr(line, RSTART + 2)
          } else if (c == "$") {
            c = substr(line, RSTART, 2) == "${" ? "${" : "$"
            word = word c; line = substr(line, RSTART + length(c))
          } else { end_word(); line = substr(line, RSTART) }
        }
      }
    }
    function unescaped(c) {
      if (c == "t") return "\t"
      if (c == "n") return "\n"
      if (c == "r") return "\r"
      return c ~ /["\047\\]/ ? c : "\\" c
    }
    function end_word() { words[++word_count] = word; in_word = 0 }
    function statement(c,   i, all) {
      if (c == ";") {
        if (words[1] ~ /^(include|listen|pid|user|working_directory|worker_processes|daemon|worker_shutdown_timeout|load_module)$/) {
          all = words[1]
          for (i = 2; i <= word_count; i++) all = all SUBSEP words[i]
          kind[++count] = ";"; text[count] = all
        }
      } else if (c == "{" && words[1] ~ /_by_lua_block$/) {
        lua = 1
      } else {
        level += c == "{" ? 1 : -1
        kind[++count] = c; text[count] = words[1]
      }
      word_count = 0; words[1] = ""
    }
    function end_file() {
      last[file] = count
      if (level != 0 || lua || in_word || word_count) unread = 1
      level = lua = in_word = word_count = 0
      quote = ""
    }

    # In the order nginx reads it, so that what is included stands where it is included.
    function walk(name, where, depth,   i, w, n, j) {
      if (depth > 30) { unread = 1; return }
      for (i = first[name]; i <= last[name]; i++) {
        if (kind[i] == "{") {
          gsub(/\//, "", text[i])
          where = where "/" text[i]
          if (where == "/http/server") listens = 0
          continue
        }
        if (kind[i] == "}") {
          if (where == "/http/server" && !listens) want("*", plain_port, "tcp", 0, 0)
          sub(/\/[^\/]*$/, "", where)
          continue
        }
        n = split(text[i], w, SUBSEP)
        if (w[1] == "include") {
          for (j = 1; j <= file_count; j++) if (includes(w[2], files[j])) walk(files[j], where, depth + 1)
        } else if (w[1] == "listen") {
          if (where ~ /^\/[a-z_]+\/server$/) { listens++; listen(w, n) }
        } else if (where != "") continue
        else if (w[1] == "pid") { pid = w[2]; print "has pid" }
        else if (w[1] == "worker_processes") workers = w[2]
        else if (w[1] == "daemon") { if (w[2] == "off") print "daemon_off" }
        else if (w[1] == "working_directory") print "cwd", w[2]
        else print "has", w[1]
      }
    }
    function includes(pattern, name) {
      if (pattern !~ /^\//) pattern = conf_prefix pattern
      if (pattern !~ /[*?[]/) return pattern == name
      if (!(pattern in globs)) globs[pattern] = glob(pattern)
      return name ~ globs[pattern]
    }
    function glob(pattern,   i, c, out, begins, end) {
      out = "^"
      for (i = 1; i <= length(pattern); i++) {
        c = substr(pattern, i, 1)
        begins = substr(pattern, i - 1, 1) == "/"
        end = index(substr(pattern, i + 2), "]")
        if (c == "*") out = out (begins ? "([^/.][^/]*)?" : "[^/]*")
        else if (c == "?") out = out (begins ? "[^/.]" : "[^/]")
        else if (c == "[" && end) {
          out = out "[" (substr(pattern, i + 1, 1) == "!" ? "^" : substr(pattern, i + 1, 1)) substr(pattern, i + 2, end)
          i += end + 1
        }
        else if (c == "^" || c == "\\") out = out "\\" c
        else out = out (c ~ /[A-Za-z0-9\/_]/ ? c : "[" c "]")
      }
      return out "$"
    }
    function built(name, otherwise) {
      if (!match(build, " --" name "=[^ ]*")) return otherwise
      return substr(build, RSTART + length(name) + 4, RLENGTH - length(name) - 4)
    }
    function online(   line, n, i, ranges, ends, total) {
      getline line < "/sys/devices/system/cpu/online"
      n = split(line, ranges, ",")
      for (i = 1; i <= n; i++) total += split(ranges[i], ends, "-") == 2 ? ends[2] - ends[1] + 1 : 1
      return total
    }
'"$awk_sockets"
}
