import { decodeCodes, encodeCodes, ProfileSet } from '@muster/profile-set';

/** Newcomers of one block: one stratum code each, in ascending order of profile number. */
export interface Entrants {
  readonly profiles: ProfileSet;
  readonly codes: Uint16Array;
  readonly control: ProfileSet;
  readonly epoch: number;
}

/** The columns of `audience_block` that hold a block's members. */
export interface EncodedBlock {
  readonly members: Uint8Array;
  readonly control: Uint8Array;
  readonly codes: Uint8Array;
  /** Epoch of each member less `firstEpoch`. */
  readonly epochs: Uint8Array;
  readonly firstEpoch: number;
  readonly memberCount: number;
}

/** How many profiles are present in one stratum of one epoch. */
export interface Presence {
  readonly epoch: number;
  readonly code: number;
  test: number;
  control: number;
}

/** The epochs of a block whose members are all of `firstEpoch`, however many they are. */
export const ONE_EPOCH: Uint8Array = encodeCodes(new Uint16Array(0));

/** Who is in one block of an audience: group, stratum and epoch of every member. Changed in place. */
export class BlockState {
  members = ProfileSet.empty();
  control = ProfileSet.empty();
  /** One per member, in ascending order of profile number; as `epochs`. */
  codes: Uint16Array = new Uint16Array(0);
  epochs: Uint16Array = new Uint16Array(0);

  static decode(row: EncodedBlock): BlockState {
    const state = new BlockState();
    state.members = ProfileSet.decode(row.members);
    state.control = ProfileSet.decode(row.control);
    state.codes = decodeCodes(row.codes, row.memberCount);
    state.epochs = decodeCodes(row.epochs, row.memberCount);
    for (let i = 0; i < state.epochs.length; i++) state.epochs[i]! += row.firstEpoch;
    return state;
  }

  encode(): EncodedBlock {
    const firstEpoch = this.epochs.reduce((least, epoch) => Math.min(least, epoch), this.epochs[0] ?? 0);
    return {
      members: this.members.encode(),
      control: this.control.encode(),
      codes: encodeCodes(this.codes),
      epochs: encodeCodes(this.epochs.map((epoch) => epoch - firstEpoch)),
      firstEpoch,
      memberCount: this.members.size,
    };
  }

  enter({ profiles, codes, control, epoch }: Entrants): void {
    const merged = this.members.union(profiles);
    const [before, entering, after] = [this.members.toArray(), profiles.toArray(), merged.toArray()];
    const [mergedCodes, mergedEpochs] = [new Uint16Array(after.length), new Uint16Array(after.length)];
    for (let i = 0, b = 0, e = 0; i < after.length; i++) {
      const enters = entering[e] === after[i];
      mergedCodes[i] = enters ? codes[e]! : this.codes[b]!;
      mergedEpochs[i] = enters ? epoch : this.epochs[b]!;
      if (before[b] === after[i]) b++;
      if (enters) e++;
    }
    this.members = merged;
    this.control = this.control.difference(profiles).union(control);
    this.codes = mergedCodes;
    this.epochs = mergedEpochs;
  }

  leave(profiles: ProfileSet): void {
    const kept = this.members.difference(profiles);
    if (kept.size === this.members.size) return;
    const [before, after] = [this.members.toArray(), kept.toArray()];
    const [codes, epochs] = [new Uint16Array(after.length), new Uint16Array(after.length)];
    for (let i = 0, b = 0; i < after.length; i++, b++) {
      while (before[b] !== after[i]) b++;
      codes[i] = this.codes[b]!;
      epochs[i] = this.epochs[b]!;
    }
    this.members = kept;
    this.control = this.control.difference(profiles);
    this.codes = codes;
    this.epochs = epochs;
  }

  /** Control becomes test. */
  release(profiles: ProfileSet): void {
    this.control = this.control.difference(profiles);
  }

  /** Those of the profiles that are members, counted by epoch, stratum and group. */
  presence(profiles: ProfileSet): Presence[] {
    const found = new Map<number, Presence>();
    const [members, wanted, control] = [this.members.toArray(), profiles.toArray(), this.control.toArray()];
    for (let w = 0, m = 0, c = 0; w < wanted.length; w++) {
      const profile = wanted[w]!;
      while (m < members.length && members[m]! < profile) m++;
      if (members[m] !== profile) continue;
      while (c < control.length && control[c]! < profile) c++;
      const [epoch, code] = [this.epochs[m]!, this.codes[m]!];
      const key = epoch * 0x10000 + code;
      const presence = found.get(key) ?? { epoch, code, test: 0, control: 0 };
      if (control[c] === profile) presence.control++;
      else presence.test++;
      found.set(key, presence);
    }
    return [...found.values()];
  }
}
