import { Command, CommanderError } from 'commander';
import { ConfigError } from '@muster/platform/config';
import { addCheckpoints } from './checkpoints/checkpoints.commands';
import { addCopyLog } from './copy-log/copy-log.commands';
import { addDatabase } from './database/database.commands';
import { addDeadLetters } from './dead-letters/dead-letters.commands';
import { explain, WrongUsage } from './failures';
import { addParked } from './parked/parked.commands';
import { addProjections } from './projections/projections.commands';
import { withTool, type Io, type Runner, type Tool, type Verdict } from './tool';
import { addTopics } from './topics/topics.commands';
import { addVerify } from './verify/verify.commands';

const EXIT = { ok: 0, problem: 1, usage: 2 } as const;

const AFTER = `
Environment: that of the services. DATABASE_URL; EVENT_STORE, and EVENTSTOREDB_URL with eventstoredb; for topics and
dead-letters KAFKA_BROKERS and what else the services have of KAFKA_*.

Exit codes: 0 done and nothing is wrong; 1 something is wrong or failed; 2 wrong usage. Results go to standard output,
everything else to standard error; --json is for scripts.`;

/** Runs one command line and answers with the exit code. */
export async function runTool(args: readonly string[], io: Io): Promise<number> {
  let code: number = EXIT.ok;
  const run: Runner =
    <Given extends readonly unknown[]>(work: (tool: Tool, ...given: Given) => Promise<Verdict>) =>
    async (...given: [...Given, Command]) => {
      code = EXIT[await withTool(io, (tool) => work(tool, ...(given.slice(0, -1) as unknown as Given)))];
    };
  try {
    await createProgram(io, run).parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    io.err(`muster-ops: ${explain(error, io.env)}\n`);
    return error instanceof WrongUsage || error instanceof ConfigError ? EXIT.usage : EXIT.problem;
  }
}

function createProgram(io: Io, run: Runner): Command {
  const program = new Command('muster-ops')
    .description(
      'Looks after an installation of Muster: topics, projections, checkpoints, what was set aside, the log.',
    )
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', AFTER);
  for (const add of [
    addDatabase,
    addTopics,
    addProjections,
    addCheckpoints,
    addParked,
    addDeadLetters,
    addCopyLog,
    addVerify,
  ]) {
    add(program, run);
  }
  return program;
}
