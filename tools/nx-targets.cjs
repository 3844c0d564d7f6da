/** Gives every project of the workspace the same targets, so `npx nx test kernel` works without a word in its project.json. */
const { dirname } = require('node:path');

const SOURCES = [
  '{projectRoot}/**/*',
  '!{projectRoot}/dist/**/*',
  '^default',
  'sharedGlobals',
  '{workspaceRoot}/package-lock.json',
];

function target(command, extra = {}) {
  return {
    executor: 'nx:run-commands',
    options: { command, cwd: '{workspaceRoot}' },
    cache: true,
    inputs: SOURCES,
    ...extra,
  };
}

function targetsOf(root) {
  return {
    build: target(`node tools/build.mjs ${root}`, {
      inputs: ['{projectRoot}/**/*', '!{projectRoot}/dist/**/*', 'sharedGlobals', '{workspaceRoot}/tools/build.mjs'],
      outputs: ['{projectRoot}/dist'],
    }),
    lint: target(`eslint --max-warnings 0 --no-warn-ignored --pass-on-no-patterns ${root}`),
    typecheck: target(`node tools/typecheck.mjs ${root}`),
    test: target(`jest --passWithNoTests -- ${root}/`),
  };
}

exports.name = 'muster-targets';
exports.createNodesV2 = [
  '{apps,libs,bench,examples}/**/project.json',
  (files) =>
    files
      .filter((file) => !file.includes('node_modules'))
      .map((file) => {
        const root = dirname(file).replaceAll('\\', '/');
        return [file, { projects: { [root]: { targets: targetsOf(root) } } }];
      }),
];
