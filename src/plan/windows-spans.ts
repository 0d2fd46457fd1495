/** Spans of time: milliseconds since 1970, the end is not in them. Lists are in order, and their spans do not touch. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

export function union(spans: readonly Span[]): Span[] {
  const merged: Span[] = []
  for (const span of [...spans].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = merged.at(-1)
    if (span.toMs <= span.fromMs) continue
    if (!last || span.fromMs > last.toMs) merged.push(span)
    else if (span.toMs > last.toMs) merged[merged.length - 1] = { fromMs: last.fromMs, toMs: span.toMs }
  }
  return merged
}

/** What of `spans` is in none of `others`; both as `union` makes them. */
export function without(spans: readonly Span[], others: readonly Span[]): Span[] {
  const left: Span[] = []
  let at = 0
  for (const { fromMs, toMs } of spans) {
    while ((others[at]?.toMs ?? Number.POSITIVE_INFINITY) <= fromMs) at++
    let begin = fromMs
    for (let next = at; next < others.length; next++) {
      const other = others[next]
      if (!other || other.fromMs >= toMs) break
      if (other.fromMs > begin) left.push({ fromMs: begin, toMs: other.fromMs })
      begin = Math.max(begin, other.toMs)
    }
    if (begin < toMs) left.push({ fromMs: begin, toMs })
  }
  return left
}

export function common(spans: readonly Span[], others: readonly Span[]): Span[] {
  const shared: Span[] = []
  let at = 0
  for (const span of spans) {
    while ((others[at]?.toMs ?? Number.POSITIVE_INFINITY) <= span.fromMs) at++
    for (let next = at; next < others.length; next++) {
      const other = others[next]
      if (!other || other.fromMs >= span.toMs) break
      shared.push({ fromMs: Math.max(span.fromMs, other.fromMs), toMs: Math.min(span.toMs, other.toMs) })
    }
  }
  return shared
}
