/**
 * Which test file runs first. Jest takes the largest first where it has no times of an earlier run, as on a new clone; of
 * those that take longest here some are small, and one that is begun last keeps one worker busy and the other idle.
 */
const Sequencer = require('@jest/test-sequencer').default;

const LONGEST_FIRST = [
  /oracle\.e2e\.spec\.ts$/,
  /forms\/(two-instances|four-processes|main-way)\.e2e\.spec\.ts$/,
  /crash\.e2e\.spec\.ts$/,
  /bench\.int\.spec\.ts$/,
  /outages\.e2e\.spec\.ts$/,
];

module.exports = class extends Sequencer {
  async sort(tests) {
    const rank = ({ path }) => {
      const at = LONGEST_FIRST.findIndex((pattern) => pattern.test(path));
      return at < 0 ? LONGEST_FIRST.length : at;
    };
    return [...(await super.sort(tests))].sort((a, b) => rank(a) - rank(b));
  }
};
