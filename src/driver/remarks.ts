/** What is worth knowing before a change, and refuses nothing. */
export const remarks: Record<string, (detail: string) => string> = {
  CONFIG_CHANGED: detail => `edited since it was loaded, and loaded by the upgrade: ${detail}`,
  CONFIG_UNREAD: () =>
    'the configuration could not be read with certainty: its listeners and pid file were not compared',
  DRAIN_UNBOUNDED: () =>
    'no `worker_shutdown_timeout`: what is still open at `drain_timeout` is cut or left, as `on_drain_limit` says',
  EXCHANGE_LINK: () =>
    'no exch, perl or python3: while parked, /proc/PID/exe of the old master reads "(deleted)"',
  STALE_OLDBIN: detail => `${detail} is left over from a master that is gone; it will be removed`,
}
