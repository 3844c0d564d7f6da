/** `node infra/new-env.mjs > .env`: secrets by chance for docker-compose.yml, different at each call. */
import { randomBytes, randomUUID } from 'node:crypto';

const secret = () => randomBytes(32).toString('hex');
const key = () => `mk_${randomUUID()}_${secret()}`;

process.stdout
  .write(`# Made by infra/new-env.mjs. Keep it out of version control, and keep it: the keys are issued at the first start.
# Letters and digits only: it stands in a URL.
POSTGRES_PASSWORD=${secret()}
# Of the users that the services log in as; given to them by \`muster-ops database apply\`.
SEGMENTS_DB_PASSWORD=${secret()}
CAMPAIGNS_DB_PASSWORD=${secret()}
AUDIENCES_DB_PASSWORD=${secret()}
INSIGHTS_DB_PASSWORD=${secret()}
# The first key, with every role. Issue others with it: POST /api/v1/api-keys
ADMIN_API_KEY=${key()}
# Services call each other with it.
SERVICE_API_KEY=${key()}
`);
