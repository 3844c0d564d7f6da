/** Preloaded into measured processes (`node --require`): tells the process that started them what they used. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { record, type Recording } from './recorder';

export interface Usage {
  /** CPU time of all threads since the start, user and system, in milliseconds. */
  readonly cpuMs: number;
  /** The most memory that was resident at once since the start, in bytes. */
  readonly peakRss: number;
  /** What was asked of the database, where that was recorded. */
  readonly recording?: Recording;
}

/** How much was used; from here on, a CPU profile to a file; from here on, the statements of some connections. */
export type Question =
  | { readonly ask: 'usage' | 'profile' | 'recorded' }
  | { readonly ask: 'profiled'; readonly file: string }
  | { readonly ask: 'record'; readonly marker: string };

let session: Session | undefined;
let stopRecording: (() => Recording) | undefined;

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuMs: (user + system) / 1_000, peakRss: peakRss() };
}

/** On Linux, `maxRSS` of a child counts its parent's memory at the time of the fork; the high-water mark does not. */
function peakRss(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1_024;
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kilobytes) * 1_024;
}

async function answer(question: Question): Promise<Usage> {
  if (question.ask === 'profile') {
    session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
  }
  if (question.ask === 'profiled' && session) {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    await writeFile(question.file, JSON.stringify(profile));
  }
  if (question.ask === 'record') stopRecording = record(question.marker);
  const recording = question.ask === 'recorded' ? stopRecording?.() : undefined;
  return { ...usage(), ...(recording && { recording }) };
}

process.on('message', (question: Question) => {
  void answer(question).then((used) => process.send?.(used));
});
// Whoever asks has gone, killed perhaps: nothing stays behind.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();
