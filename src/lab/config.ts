/** The text of the configuration files of one host. */
import { join } from 'node:path'
import type { LabHost } from './lab.ts'
import { quirkDigit } from './variants.ts'

export interface NginxSettings {
  /** nginx's worker_processes. */
  readonly workers: number
  /** Whether this host answers its health page with 503 for the version of the variant `wrong-on-one-host`. */
  readonly quirk: boolean
  /** The user of the workers; only root may choose one. */
  readonly user?: string
}

/** Accepted by nginx 1.18 and later. */
export function nginxConfig(host: LabHost, { workers, quirk, user }: NginxSettings): string {
  const lib = join(host.root, 'var/lib/nginx')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `${user === undefined ? '' : `user ${user};\n`}worker_processes ${workers};
pid ${host.pidFile};
error_log ${host.errorLog} notice;

events {
  worker_connections 512;
}

http {
  default_type text/plain;
  log_format lab '$msec $status $nginx_version "$request" $body_bytes_sent';
  access_log ${join(host.root, 'var/log/nginx/access.log')} lab;
${temporary.map(name => `  ${name}_temp_path ${join(lib, name)};\n`).join('')}
  map $nginx_version $lab_health {
    default 200;
${quirk ? `    ~\\.[0-9]*${quirkDigit}$ 503;\n` : ''}  }

  server {
    listen 127.0.0.1:${host.httpPort};
    server_name ${host.name};
    add_header X-Lab ${host.labId}/${host.name} always;

    location = / {
      return 200 "${host.name} nginx/$nginx_version\\n";
    }
    location = /healthz {
      if ($lab_health = 503) {
        return 503 "unwell\\n";
      }
      return 200 "ok\\n";
    }
    location = /status {
      stub_status;
    }
    location = /slow {
      # ${slowBytes} bytes at 1 KiB a second: minutes, for watching workers drain.
      alias ${join(host.root, 'srv/www/slow.txt')};
      limit_rate 1k;
    }
  }
}
`
}

export const slowBytes = 200 * 1024

export interface SshdSettings {
  /** Further lines, put first because sshd keeps the first value of a keyword. */
  readonly lines: readonly string[]
  readonly usePam: boolean
}

export function sshdConfig(host: LabHost, { lines, usePam }: SshdSettings): string {
  const etc = join(host.root, 'etc/ssh')
  return [
    ...lines,
    `Port ${host.sshPort}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(etc, 'ssh_host_ed25519_key')}`,
    `AuthorizedKeysFile ${join(etc, 'authorized_keys')}`,
    `PidFile ${join(host.root, 'run/sshd.pid')}`,
    `UsePAM ${usePam ? 'yes' : 'no'}`,
    // The tree may lie below a directory that others can write, such as /tmp.
    'StrictModes no',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'MaxStartups 200:30:400',
    'MaxSessions 200',
    'UseDNS no',
    'PrintMotd no',
    'PrintLastLog no',
    'X11Forwarding no',
    'LogLevel VERBOSE',
    'Subsystem sftp internal-sftp',
    // A home of its own: what the user of this machine has in his start-up files is no part of a lab host.
    `SetEnv HANDOVER_LAB=${host.labId} HANDOVER_LAB_HOST=${host.name} HOME=${join(host.root, 'home')}`,
    '',
  ].join('\n')
}
