/** One command on a host, as those who run it see it. Free of ssh2, whose types users of the package lack. */

export interface ChannelEnd {
  /** Undefined means unknown, never success: killed by a signal, cut off, or lost before the host closed it. */
  readonly code?: number
  /** `SIGKILL`, ... when a signal ended the command. */
  readonly signal?: string
  /** The last 4 KiB of stderr. Text from a host: print it through `printable`. */
  readonly stderrTail: string
}

/** Returning a promise holds stdout back (the host is made to wait) until it settles. */
export type DataListener = (chunk: Buffer) => void | Promise<void>

export interface Channel {
  /**
   * Settles when the data was handed to the network; await it before the next write.
   * @throws HandoverError SSH_CHANNEL_CLOSED or SSH_LOST when the channel closes first, or was ended.
   */
  write(data: Buffer | string): Promise<void>
  /** Ends stdin. Idempotent. */
  end(): void
  /**
   * Stdout, from its first byte if no more than 1 MiB came before the first listener.
   * @throws Error when more came, as it was dropped.
   */
  onData(listener: DataListener): void
  /** Gives the channel up at once: `closed` settles as unknown. The command on the host may well go on. */
  close(): void
  /** Never rejects, and always settles. */
  readonly closed: Promise<ChannelEnd>
}
