# The half of the awk program in `read_dump` that knows sockets: what the configuration listens on, by the rules of
# nginx, and what the master holds, as /proc/PID/net says it (host byte order).
awk_sockets='
    function listen(w, n,   i, proto, is_bound, is_reuse) {
      proto = "tcp"
      for (i = 3; i <= n; i++) {
        if (w[i] == "udp" || w[i] == "quic") proto = "udp"
        if (w[i] == "reuseport") is_reuse = 1
        # With an option of the socket an address is bound by itself, wildcard or not.
        if (w[i] ~ /^(bind|deferred|reuseport)$|^(setfib|fastopen|backlog|rcvbuf|sndbuf|accept_filter|ipv6only|so_keepalive)=/)
          is_bound = 1
      }
      address(w[2], proto, is_bound, is_reuse)
    }
    function address(a, proto, is_bound, is_reuse,   at, host, port, ends) {
      if (a ~ /^unix:/) { want_unix[substr(a, 6)] = 1; return }
      host = a; port = 80
      if (a ~ /^[0-9]+(-[0-9]+)?$/) { host = "*"; port = a }
      else if (match(a, /:[0-9]+(-[0-9]+)?$/) && (a !~ /^\[/ || substr(a, RSTART - 1, 1) == "]")) {
        host = substr(a, 1, RSTART - 1); port = substr(a, RSTART + 1)
      }
      if (split(port, ends, "-") == 1) ends[2] = ends[1]
      if (ends[2] - ends[1] > 65535) { unread = 1; return }
      for (at = ends[1] + 0; at <= ends[2] + 0; at++) want(host, at, proto, is_bound, is_reuse)
    }
    # A key is `tcp4 0100007F:0050`, as in /proc/net/tcp.
    function want(host, port, proto, is_bound, is_reuse,   hex, family, key) {
      family = host ~ /^\[/ ? 6 : 4
      hex = family == 6 ? v6(substr(host, 2, length(host) - 2)) : v4(host)
      port = sprintf("%04X", port)
      # A name: what it means is not looked up.
      if (hex == "") { named[proto " " port] = 1; return }
      key = proto family " " hex ":" port
      wanted[key] = host
      if (is_bound) bound[key] = 1
      if (is_reuse) reused[key] = 1
      if (hex ~ /^0+$/) wild[proto family " " port] = 1
    }
    function bind_all(   key) {
      for (key in wanted) if (key ~ / 0+:/ || !(group(key) in wild)) bound[key] = 1
    }
    function group(key) { return substr(key, 1, 5) substr(key, length(key) - 3) }
    function words_of(hex) {
      return is_big ? hex : substr(hex, 7, 2) substr(hex, 5, 2) substr(hex, 3, 2) substr(hex, 1, 2)
    }
    function v4(host,   b) {
      if (host == "*") return "00000000"
      if (host !~ /^[0-9.]+$/ || split(host, b, ".") != 4) return ""
      return words_of(sprintf("%02X%02X%02X%02X", b[1], b[2], b[3], b[4]))
    }
    function v6(t,   at, a, b, na, nb, i, out, hex) {
      if (t !~ /^[0-9A-Fa-f:]+$/) return ""
      at = index(t, "::")
      na = split(at ? substr(t, 1, at - 1) : t, a, ":")
      nb = at ? split(substr(t, at + 2), b, ":") : 0
      if (na + nb > 8 || (!at && na != 8)) return ""
      for (i = 1; i <= na; i++) out = out padded(a[i])
      for (i = na + nb; i < 8; i++) out = out "0000"
      for (i = 1; i <= nb; i++) out = out padded(b[i])
      out = toupper(out)
      for (i = 1; i < 32; i += 8) hex = hex words_of(substr(out, i, 8))
      return hex
    }
    function padded(x) { return substr("0000" x, length(x) + 1) }

    function held_sockets(   i, n, line, f, name, proto, path, key) {
      n = split("tcp4 tcp tcp6 tcp6 udp4 udp udp6 udp6", name)
      for (i = 1; i < n; i += 2) {
        path = "/proc/" om "/net/" name[i + 1]
        proto = name[i] ~ /^tcp/ ? "0A" : "07"
        getline line < path
        while ((getline line < path) > 0) {
          split(line, f)
          # The listening ones come first; a busy host has many of the others.
          if (f[4] != proto) { if (proto == "0A") break; continue }
          key = name[i] " " f[2]
          if (f[10] in ours) { held[key]++; inodes = inodes " " f[10] }
          else others[group(key)] = others[group(key)] " " key
        }
        close(path)
      }
      path = "/proc/" om "/net/unix"
      while ((getline line < path) > 0) {
        split(line, f)
        if (f[4] != "00010000" || !(f[7] in ours) || f[8] == "") continue
        # A path may have blanks: it is what is left after seven words.
        for (i = 0; i < 7; i++) sub(/^ *[^ ]+ /, "", line)
        held_unix[line] = 1
        inodes = inodes " " f[7]
      }
      close(path)
      print "inodes" inodes
    }
    function compare(   key, n, list, i, other) {
      for (key in held) {
        if (!(key in wanted)) {
          if (!((substr(key, 1, 3) " " substr(key, length(key) - 3)) in named)) tell("removed " shown(key))
        } else if (held[key] > (key in reused ? workers : 1)) {
          tell("shrinks " shown(key) " has " held[key] " sockets, and would have " (key in reused ? workers : 1))
        }
        others[group(key)] = others[group(key)] " " key
      }
      for (key in bound) {
        if (key in held) continue
        n = split(others[group(key)], list, " ")
        for (i = 1; i < n; i += 2) {
          other = list[i] " " list[i + 1]
          if (other != key && other !~ / 0+:/ && key !~ / 0+:/) continue
          tell("taken " shown(key) (other in held ? ", while this nginx holds " : ", while another process holds ") shown(other))
          break
        }
      }
      for (key in held_unix) if (!(key in want_unix)) tell("removed unix:" key)
      for (key in want_unix) if (!(key in held_unix)) tell("added_unix " key)
      for (i = 1; i <= told_count; i++) print told[i]
    }
    # Sorted, so that hosts with the same reason say the same.
    function tell(line,   i) {
      for (i = told_count++; i > 0 && told[i] > line; i--) told[i + 1] = told[i]
      told[i + 1] = line
    }
    function shown(key,   hex, port, i, out) {
      hex = substr(key, 6); sub(/:.*/, "", hex)
      port = number(substr(key, length(key) - 3))
      out = key ~ /^udp/ ? " (UDP)" : ""
      if (hex ~ /^0+$/) return (substr(key, 4, 1) == 6 ? "[::]:" : "*:") port out
      if (substr(key, 4, 1) == 4) {
        hex = words_of(hex)
        return number(substr(hex, 1, 2)) "." number(substr(hex, 3, 2)) "." number(substr(hex, 5, 2)) "." number(substr(hex, 7, 2)) ":" port out
      }
      out = "]:" port out
      for (i = 25; i > 0; i -= 8) out = number_groups(words_of(substr(hex, i, 8))) (i == 25 ? "" : ":") out
      return "[" tolower(out)
    }
    function number_groups(hex) { return substr(hex, 1, 4) ":" substr(hex, 5, 4) }
    function number(hex,   i, n) {
      for (i = 1; i <= length(hex); i++) n = n * 16 + index("123456789ABCDEF", substr(hex, i, 1))
      return n + 0
    }
'
