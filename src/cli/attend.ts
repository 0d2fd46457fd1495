/** The controller's side of requests from other terminals: looked for again and again, done by the helm, answered. */
import {
  answerRequest,
  clearRequests,
  forgetReplies,
  type Reply,
  type Request,
  readRequests,
  takeRequest,
} from '../journal/requests.ts'
import type { Answer, Helm } from '../run/helm.ts'

export interface Attendance {
  /** Answers what is still asked with the end of the run. */
  end(): Promise<void>
}

/** On the real clock: people wait for the answers. */
const everyMs = 250

/** @param look called every time, before the requests: does this controller still lead? */
export function attendRequests(dir: string, helm: Helm, look: () => void): Attendance {
  clearRequests(dir)
  let attending: Promise<void> | undefined
  const attend = async (answer: (request: Request) => Promise<Answer>) => {
    for (const { name, request } of await readRequests(dir)) {
      if (!(await takeRequest(dir, name))) continue
      const why = await answer(request)
      const reply: Reply = why === undefined ? { ok: true } : { ok: false, why }
      // A full disk keeps the answer back; whoever waits for it says then that it is not known.
      await answerRequest(dir, name, reply).catch(() => {})
    }
    forgetReplies(dir)
  }
  const timer = setInterval(() => {
    look()
    attending ??= attend(request => obey(helm, request))
      .catch(() => {})
      .finally(() => {
        attending = undefined
      })
  }, everyMs)
  return {
    async end() {
      clearInterval(timer)
      await attending
      await attend(async () => 'the run has ended').catch(() => {})
    },
  }
}

/** Answered when it is on disk: from then on it holds, whatever becomes of this controller. */
async function obey(helm: Helm, request: Request): Promise<Answer> {
  const why = tell(helm, request)
  if (why !== undefined || (await helm.written())) return why
  // Without a journal the run goes back, as it was asked to.
  return request.verb === 'abort' ? undefined : 'the journal cannot be written, so the run goes back'
}

function tell(helm: Helm, request: Request): Answer {
  switch (request.verb) {
    case 'abort':
      return helm.interrupt('abort', request.by)
    case 'pause':
      return helm.pause(request.by, request.ms)
    case 'continue':
      return helm.proceed(request.by)
    case 'approve':
      return helm.approve(request.by, request.stage)
  }
}
