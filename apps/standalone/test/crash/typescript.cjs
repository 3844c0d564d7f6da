/** `node -C @muster/source -r <this file>` runs the sources of the workspace as they are. What was transpiled once is kept. */
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { tmpdir, userInfo } = require('node:os');
const { join } = require('node:path');
const { transformSync, version } = require('@swc/core');

const options = JSON.parse(readFileSync(join(__dirname, '../../../../.swcrc'), 'utf8'));
delete options.$schema;
const kept = join(tmpdir(), `muster-transpiled-${userInfo().uid}`);
mkdirSync(kept, { recursive: true, mode: 0o700 });

require.extensions['.ts'] = (module, filename) => {
  const source = readFileSync(filename, 'utf8');
  const key = createHash('sha256')
    .update(JSON.stringify([version, options, filename, source]))
    .digest('hex');
  module._compile(
    keptOr(key, () => transpile(source, filename)),
    filename,
  );
};

function keptOr(key, make) {
  const file = join(kept, key);
  try {
    return readFileSync(file, 'utf8');
  } catch {
    const code = make();
    // whole or not at all, whoever is killed while writing
    writeFileSync(`${file}.${process.pid}`, code);
    renameSync(`${file}.${process.pid}`, file);
    return code;
  }
}

function transpile(source, filename) {
  return transformSync(source, { ...options, filename, swcrc: false, configFile: false, sourceMaps: 'inline' }).code;
}
