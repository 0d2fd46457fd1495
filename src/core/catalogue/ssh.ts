import type { CatalogueEntry } from './entry.ts'

/** Reaching a host over SSH. */
export const sshCodes = {
  SSH_UNREACHABLE: {
    exit: 6,
    about:
      'The host could not be reached: its name does not resolve, the connection was refused, or the login did not finish within the connect timeout. Check the address, the port, firewalls and that sshd runs.',
  },
  SSH_DROPPED: {
    exit: 6,
    about:
      'The host accepted the TCP connection and closed it before the login began. The usual causes are MaxStartups of sshd, fail2ban and an overloaded host. handover tries three times before it reports this.',
  },
  SSH_HANDSHAKE_FAILED: {
    exit: 6,
    about:
      'The two sides could not agree on how to talk: what answers is no SSH server, or it offers none of the algorithms handover accepts. SHA-1, CBC and DSA are refused on purpose; a host that offers only post-quantum key exchange is not supported.',
  },
  SSH_HOST_UNKNOWN: {
    exit: 6,
    about:
      'No known_hosts file has a key for this host, so nothing proves who answers. Compare the fingerprint shown with the one on the console of the host, then add the key with ssh-keyscan.',
  },
  SSH_HOST_KEY_CHANGED: {
    exit: 6,
    about:
      'The host showed a key other than the one stored for it. Either the host was installed anew or somebody sits in between. Nothing was sent to it. Find out which, then remove the old line with ssh-keygen -R and add the new key.',
  },
  SSH_HOST_KEY_REVOKED: {
    exit: 6,
    about:
      'The host showed a key that a known_hosts file marks as @revoked. Such a key is never accepted, whatever other lines say. Give the host a new key.',
  },
  SSH_HOST_CERTIFICATE: {
    exit: 6,
    about:
      'All that is known about the host is a certificate authority (@cert-authority). handover cannot check host certificates and never accepts one unchecked. Add the plain host key to a known_hosts file.',
  },
  SSH_AUTH_FAILED: {
    exit: 6,
    about:
      'The host refused every key that was offered, or accepts no public keys at all. Only public keys are used, never passwords. Check the user name and the authorized_keys of the host.',
  },
  SSH_KEY_UNREADABLE: {
    exit: 6,
    about: 'The private key file that was named does not exist or cannot be read.',
  },
  SSH_KEY_ENCRYPTED: {
    exit: 6,
    about:
      'The private key file is protected by a passphrase, and handover does not ask for passphrases. Add the key to an ssh-agent; keys of the agent are used.',
  },
  SSH_KEY_UNSUPPORTED: {
    exit: 6,
    about:
      'The file is not a private key that can be used: Ed25519, ECDSA and RSA keys in the OpenSSH format or as RSA PEM are supported, FIDO keys and certificates are not.',
  },
  SSH_LOST: {
    exit: 3,
    about:
      'The connection to the host was lost. What was running on the host at that time may or may not have happened; it is looked up on the host before anything is tried again.',
  },
  SSH_CHANNEL_REFUSED: {
    exit: 6,
    about:
      'The host keeps the connection but refused one more channel: a command (MaxSessions, ForceCommand) or a tunnel (AllowTcpForwarding, nothing listens at the target).',
  },
  SSH_CHANNEL_CLOSED: {
    exit: 6,
    about:
      'A command on the host ended, or closed its input, before it was given everything meant for it. The text it printed says why.',
  },
  SSH_STALLED: {
    exit: 6,
    about:
      'The connection is alive, but the command on the host took none of the data sent to it for a long time. A full or hanging disk is the usual cause.',
  },
} as const satisfies Record<string, CatalogueEntry>
