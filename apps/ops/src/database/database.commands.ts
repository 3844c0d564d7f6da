import { createLogin, mayPrepare, prepareDatabase, type ServiceContext } from '@muster/platform/database';
import type { Command } from 'commander';
import { Failure, WrongUsage } from '../failures';
import type { Runner, Tool, Verdict } from '../tool';

/** The variables with the passwords of the users that services log in as. */
const PASSWORDS = {
  segments: 'SEGMENTS_DB_PASSWORD',
  campaigns: 'CAMPAIGNS_DB_PASSWORD',
  audiences: 'AUDIENCES_DB_PASSWORD',
  insights: 'INSIGHTS_DB_PASSWORD',
} as const satisfies Partial<Record<ServiceContext, string>>;

const SHORTEST_PASSWORD = 16;

const ABOUT = `
What all services stand on in Postgres: a schema and a role for each context, the tables of the log where that is in Postgres,
and the platform's own. A service whose user may make roles does it at its start; the others wait until this command has run
with a user that may (CREATEROLE, and CREATE on the database). It can be repeated, and belongs before each new version.

Where ${Object.values(PASSWORDS).join(', ')} are set,
it makes the users muster_<service>_service with these passwords, or changes them. Such a user may act as its own context, and
as that of the keys: it owns nothing, makes no roles, cannot change the log, and reaches no other context's tables.`;

export function addDatabase(program: Command, run: Runner): void {
  const group = program.command('database').description('what all services stand on in Postgres');
  group.addHelpText('after', ABOUT);
  group
    .command('apply')
    .description('makes roles, schemas and tables that are missing, and users for services')
    .action(run((tool) => apply(tool)));
}

async function apply({ surroundings, output }: Tool): Promise<Verdict> {
  const { environment, database } = surroundings;
  const logins = Object.entries(PASSWORDS).flatMap(([service, variable]) => {
    const password = environment.secret(variable);
    if (password === null) return [];
    if (password.length >= SHORTEST_PASSWORD) return [{ service: service as keyof typeof PASSWORDS, password }];
    throw new WrongUsage(`${variable} is too short: it must have ${String(SHORTEST_PASSWORD)} characters or more`);
  });
  if (!(await mayPrepare(database))) {
    throw new Failure(
      'The user of DATABASE_URL may make no roles: take one with CREATEROLE, and CREATE on the database',
    );
  }
  await prepareDatabase(database, { logInPostgres: environment.logInPostgres });
  output.line(`Roles, schemas and tables are there${environment.logInPostgres ? ', those of the log too' : ''}.`);
  for (const { service, password } of logins) {
    output.line(`${await createLogin(database, service, password)}: logs in with its password`);
  }
  return 'ok';
}
