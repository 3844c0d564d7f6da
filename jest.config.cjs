/** Sources of the workspace are read through the `@muster/source` export condition: nothing is built before a test. */
const { readFileSync } = require('node:fs');
const swc = JSON.parse(readFileSync(`${__dirname}/.swcrc`, 'utf8'));
delete swc.$schema;

const base = {
  rootDir: __dirname,
  testEnvironment: 'node',
  // A busy machine is no reason to fail; a test that hangs is.
  testTimeout: 30_000,
  testEnvironmentOptions: {
    customExportConditions: ['@muster/source', 'node', 'require', 'default'],
  },
  transform: { '^.+\\.[cm]?ts$': ['@swc/jest', { ...swc, swcrc: false }] },
  roots: [
    '<rootDir>/apps',
    '<rootDir>/libs',
    '<rootDir>/bench',
    '<rootDir>/examples',
    '<rootDir>/tools',
    '<rootDir>/infra',
  ],
  modulePathIgnorePatterns: ['/dist/'],
};

/** The projects that need Postgres share one server per run, started before their first test. */
const postgres = {
  globalSetup: '<rootDir>/libs/embedded/src/testing/global-setup.ts',
  globalTeardown: '<rootDir>/libs/embedded/src/testing/global-teardown.ts',
};

module.exports = {
  testSequencer: '<rootDir>/tools/test-sequencer.cjs',
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: ['**/*.spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', '\\.int\\.spec\\.ts$', '\\.e2e\\.spec\\.ts$'],
    },
    { ...base, ...postgres, displayName: 'int', testMatch: ['**/*.int.spec.ts'] },
    { ...base, ...postgres, displayName: 'e2e', testMatch: ['**/*.e2e.spec.ts'] },
    // The end-to-end specs of the product once more, over four processes: `npm run test:e2e -- --form kafka`.
    ...['kafka', 'eventstoredb'].map((form) => ({
      ...base,
      ...postgres,
      displayName: form,
      testMatch: ['<rootDir>/apps/standalone/test/forms/*.e2e.spec.ts'],
      setupFiles: [`<rootDir>/apps/standalone/test/forms/form-${form}.cjs`],
    })),
  ],
};
