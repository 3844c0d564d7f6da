import type { Config } from '@muster/platform';
import type { Standalone } from './start-standalone';

/** What a person needs who sees Muster for the first time. */
export function welcome(
  { url, developmentKey, dataDir }: Pick<Standalone, 'url' | 'developmentKey' | 'dataDir'>,
  { adminApiKey, databaseUrl, sampleData }: Pick<Config, 'adminApiKey' | 'databaseUrl' | 'sampleData'>,
): string {
  // A key from the environment is the operator's secret; the development key is ours to show.
  const shown = adminApiKey === null ? developmentKey : '$ADMIN_API_KEY';
  const sample = sampleData ? '50,000 customers and a campaign, added at the first start' : 'none (SAMPLE_DATA=off)';
  const data = databaseUrl === null ? dataDir : 'the database of DATABASE_URL';
  return `
  Muster is ready.

    API page   ${url}/api/docs
    OpenAPI    ${url}/api/openapi.json
    Health     ${url}/health/ready
    Data       ${data}
    Sample     ${sample}
    Key        ${shown}

  Try it:

    curl -H "Authorization: Bearer ${shown}" ${url}/api/v1/campaigns

  Next: npm run tour (a campaign from import to control group), then the API page. Ctrl+C stops Muster and keeps its data.

`;
}
