/** Lets plain Node read our TypeScript, with swc, as Jest does. */
const swc = require('@swc/core');

require.extensions['.ts'] = (module, filename) => {
  const { code } = swc.transformFileSync(filename, {
    swcrc: false,
    module: { type: 'commonjs' },
    jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2022' },
  });
  module._compile(code, filename);
};
