import type { Command } from './faults';
import { DoubleLog } from './log';
import { DoubleServer } from './server';

/** A process that is the double: listens, says on which port, obeys what its parent sends, and ends with it. */
async function main(logFile: string, port: number): Promise<void> {
  const log = new DoubleLog(logFile);
  const server = new DoubleServer(log);
  process.on('message', ({ number, command }: { number: number; command: Command }) => {
    process.send?.({ number, report: server.obey(command) });
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ port: await server.listen(port) });
}

const [logFile, port] = process.argv.slice(2);
if (logFile === undefined || port === undefined) throw new Error('name the file of the log and the port');
void main(logFile, Number(port));
