/**
 * The regular expressions of `matches`: what RE2 and Postgres (ARE) have in common, read into a tree, so that each
 * engine is given its own unambiguous spelling. A pattern is searched for anywhere; `^` and `$` are the ends of the
 * text; `.` is anything but a line feed; `\d \w \s` and their capitals mean ASCII.
 */
export type PatternNode =
  | { readonly kind: 'either'; readonly nodes: readonly PatternNode[] }
  | { readonly kind: 'sequence'; readonly nodes: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly node: PatternNode; readonly min: number; readonly max: number | null }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'literal'; readonly codePoint: number }
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly CodePointRange[] };

/** Both ends included. */
export type CodePointRange = readonly [first: number, last: number];

export const maxPatternLength = 1000;
const maxRepeat = 255;
/** How large a pattern may become once its repetitions are written out. */
const maxExpandedSize = 1000;
const maxGroupDepth = 20;

export class PatternProblem extends Error {}

const digits: CodePointRange[] = [[0x30, 0x39]];
const word: CodePointRange[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const space: CodePointRange[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
];
const shorthands = new Map([
  ['d', digits],
  ['w', word],
  ['s', space],
]);
const controls = new Map([
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
]);

interface Parsed {
  readonly node: PatternNode;
  /** With repetitions written out. */
  readonly size: number;
  readonly anchored: boolean;
}

/** Reads a pattern, or throws a `PatternProblem` that says what is not allowed and where. */
export function parsePattern(pattern: string): PatternNode {
  if (pattern.length > maxPatternLength) {
    throw new PatternProblem(`must be a pattern of at most ${maxPatternLength} characters`);
  }
  return new PatternReader(Array.from(pattern)).read();
}

class PatternReader {
  private at = 0;
  private depth = 0;

  constructor(private readonly characters: readonly string[]) {}

  read(): PatternNode {
    const { node, size } = this.either();
    if (this.at < this.characters.length) this.refuse('has a ")" without its "("');
    if (size > maxExpandedSize) this.refuse('repeats too much; write it with smaller counts');
    return node;
  }

  private refuse(message: string): never {
    throw new PatternProblem(`is not a pattern that can be used: it ${message} (at character ${this.at + 1})`);
  }

  private peek(offset = 0): string | undefined {
    return this.characters[this.at + offset];
  }

  private take(): string {
    const character = this.peek();
    if (character === undefined) this.refuse('ends too early');
    this.at++;
    return character;
  }

  private either(): Parsed {
    const branches = [this.sequence()];
    while (this.peek() === '|') {
      this.at++;
      branches.push(this.sequence());
    }
    return this.joined('either', branches);
  }

  private sequence(): Parsed {
    const parts: Parsed[] = [];
    while (this.peek() !== undefined && this.peek() !== '|' && this.peek() !== ')') parts.push(this.repeated());
    if (parts.length === 0) this.refuse('has an empty branch; make the other one optional with ? instead');
    return this.joined('sequence', parts);
  }

  private joined(kind: 'either' | 'sequence', parts: readonly Parsed[]): Parsed {
    const [first] = parts;
    if (parts.length === 1 && first) return first;
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    const anchored = parts.some((part) => part.anchored);
    return { node: { kind, nodes: parts.map((part) => part.node) }, size, anchored };
  }

  private repeated(): Parsed {
    const parsed = this.atom();
    const counts = this.counts();
    if (!counts) return parsed;
    if (parsed.anchored) this.refuse('repeats ^ or $');
    if (this.peek() === '?' || this.peek() === '+' || this.peek() === '*' || this.peek() === '{') {
      this.refuse('puts one repetition on another');
    }
    const [min, max] = counts;
    const size = parsed.size * Math.max(max ?? min + 1, 1);
    if (size > maxExpandedSize) this.refuse('repeats too much; write it with smaller counts');
    return { node: { kind: 'repeat', node: parsed.node, min, max }, size, anchored: false };
  }

  private counts(): [min: number, max: number | null] | undefined {
    switch (this.peek()) {
      case '*':
        this.at++;
        return [0, null];
      case '+':
        this.at++;
        return [1, null];
      case '?':
        this.at++;
        return [0, 1];
      case '{':
        this.at++;
        return this.braces();
      default:
        return undefined;
    }
  }

  private braces(): [min: number, max: number | null] {
    let text = '';
    while (this.peek() !== undefined && this.peek() !== '}' && text.length < 10) text += this.take();
    const match = /^(\d{1,3})(,(\d{1,3})?)?$/.exec(text);
    if (!match || this.peek() !== '}') this.refuse('has a { that begins no repetition; write \\{ for the character');
    this.at++;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === undefined ? null : Number(match[3]);
    if (min > maxRepeat || (max ?? 0) > maxRepeat) this.refuse(`repeats more than ${maxRepeat} times`);
    if (max !== null && max < min) this.refuse('repeats at most fewer times than at least');
    return [min, max];
  }

  private atom(): Parsed {
    const character = this.take();
    switch (character) {
      case '(':
        return this.group();
      case '[':
        return this.leaf(this.bracket());
      case '.':
        return this.leaf({ kind: 'class', negated: true, ranges: [[0x0a, 0x0a]] });
      case '^':
        return { node: { kind: 'start' }, size: 1, anchored: true };
      case '$':
        return { node: { kind: 'end' }, size: 1, anchored: true };
      case '\\':
        return this.leaf(this.escape());
      case '*':
      case '+':
      case '?':
      case '{':
        this.at--;
        return this.refuse(`has a ${character} with nothing before it to repeat`);
      default:
        return this.leaf({ kind: 'literal', codePoint: codePointOf(character) });
    }
  }

  private leaf(node: PatternNode): Parsed {
    return { node, size: 1, anchored: false };
  }

  private group(): Parsed {
    if (++this.depth > maxGroupDepth) this.refuse(`has groups inside groups more than ${maxGroupDepth} deep`);
    if (this.peek() === '?') {
      if (this.peek(1) !== ':') this.refuse('has a (? group; only (?: is allowed, no look-around, names or flags');
      this.at += 2;
    }
    const inner = this.either();
    if (this.peek() !== ')') this.refuse('has a "(" without its ")"');
    this.at++;
    this.depth--;
    return inner;
  }

  private escape(): PatternNode {
    const character = this.take();
    const shorthand = shorthands.get(character.toLowerCase());
    if (shorthand) return { kind: 'class', negated: character !== character.toLowerCase(), ranges: shorthand };
    return { kind: 'literal', codePoint: this.escaped(character) };
  }

  private escaped(character: string): number {
    const control = controls.get(character);
    if (control !== undefined) return control;
    if (/[A-Za-z0-9]/.test(character)) {
      this.at--;
      this.refuse(`has \\${character}; allowed are \\d \\w \\s \\D \\W \\S \\n \\r \\t and escaped punctuation`);
    }
    return codePointOf(character);
  }

  private bracket(): PatternNode {
    const negated = this.peek() === '^';
    if (negated) this.at++;
    if (this.peek() === ']') this.refuse('has an empty []; write \\] for the character');
    const ranges: CodePointRange[] = [];
    while (this.peek() !== ']') ranges.push(...this.bracketItem());
    this.at++;
    return { kind: 'class', negated, ranges: normalised(ranges) };
  }

  private bracketItem(): readonly CodePointRange[] {
    const first = this.bracketCharacter();
    if (typeof first !== 'number') return first;
    if (this.peek() !== '-' || this.peek(1) === ']') return [[first, first]];
    this.at++;
    const last = this.bracketCharacter();
    if (typeof last !== 'number' || last < first) this.refuse('has a range in [] whose end is not after its beginning');
    return [[first, last]];
  }

  private bracketCharacter(): number | readonly CodePointRange[] {
    const character = this.take();
    if (character === '[') this.refuse('has a [ inside []; write \\[ for the character');
    if (character !== '\\') return codePointOf(character);
    const escape = this.take();
    const shorthand = shorthands.get(escape);
    if (shorthand) return shorthand;
    if (shorthands.has(escape.toLowerCase())) this.refuse(`has \\${escape} inside []; use [^...] instead`);
    return this.escaped(escape);
  }
}

function codePointOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

/** Sorted, without overlaps. */
export function normalised(ranges: readonly CodePointRange[]): CodePointRange[] {
  const merged: [number, number][] = [];
  for (const [first, last] of [...ranges].sort(([a], [b]) => a - b)) {
    const previous = merged.at(-1);
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  return merged;
}
