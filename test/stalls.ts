/** Stories with leases of seconds prove nothing on a machine that stands still for a second in the middle of one. */
const everyMs = 50
const tolerableMs = 1000

/** Tells a story; once more if it failed and this very process stood still meanwhile, and only then. */
export async function unlessItStoodStill(tell: () => Promise<void>): Promise<void> {
  let longestMs = 0
  let before = performance.now()
  const watch = setInterval(() => {
    const now = performance.now()
    longestMs = Math.max(longestMs, now - before - everyMs)
    before = now
  }, everyMs)
  try {
    await tell()
  } catch (error) {
    if (longestMs < tolerableMs) throw error
    console.info(
      `this machine stood still for ${Math.round(longestMs)} ms: told once more, after ${String(error)}`,
    )
    await tell()
  } finally {
    clearInterval(watch)
  }
}
