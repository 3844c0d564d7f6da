import type {
  AudiencesIntegrationEvent,
  CampaignsIntegrationEvent,
  Group,
  IntegrationEvent,
  SegmentsIntegrationEvent,
  Snapshot,
  SnapshotDocument,
} from '@muster/contracts';
import { ProfileSet } from '@muster/profile-set';

type Told = Snapshot | SegmentsIntegrationEvent | CampaignsIntegrationEvent | AudiencesIntegrationEvent;
interface Members {
  readonly profiles: string;
}

/**
 * Does with a snapshot and the feed what the documentation says, profile by profile, and throws at what cannot be true:
 * an event that comes again, who enters and is there already, who leaves and is not there, counts that are wrong.
 */
export class NaiveSubscriber {
  readonly segments = new Map<string, Set<number>>();
  readonly audiences = new Map<string, Map<number, Group>>();
  readonly statuses = new Map<string, string>();
  private readonly open = new Map<string, (() => void)[]>();
  private readonly ids = new Set<string>();
  private readonly heads: (() => void)[] = [];

  take(item: SnapshotDocument | IntegrationEvent): void {
    insist(!this.ids.has(item.id), `${item.id} comes twice`);
    this.ids.add(item.id);
    this.apply(item as Told);
  }

  /** All of the snapshot has been taken: it must be what its heads say. */
  endSnapshot(): void {
    for (const check of this.heads.splice(0)) check();
  }

  private apply({ type, data }: Told): void {
    switch (type) {
      case 'muster.segments.SegmentSnapshot.v1':
        this.heads.push(() => this.expectMembers(data.segmentId, data.count));
        return;
      case 'muster.segments.SegmentMembersSnapshot.v1':
        this.enterSegment(data.segmentId, data);
        return;
      case 'muster.segments.ProfilesEnteredSegment.v1':
        this.atItsEnd(data.changeId, () => this.enterSegment(data.segmentId, data));
        return;
      case 'muster.segments.ProfilesLeftSegment.v1':
        this.atItsEnd(data.changeId, () => this.leaveSegment(data.segmentId, data));
        return;
      case 'muster.segments.SegmentMembershipChanged.v1':
        for (const change of this.open.get(data.changeId) ?? []) change();
        this.open.delete(data.changeId);
        this.expectMembers(data.segmentId, data.count);
        return;
      case 'muster.audiences.AudienceSnapshot.v1':
        this.heads.push(() => this.expectAudience(data.campaignId, data.count, data.controlCount));
        return;
      case 'muster.audiences.AudienceMembersSnapshot.v1':
      case 'muster.audiences.ProfilesEnteredCampaign.v1':
        this.enterCampaign(data);
        return;
      case 'muster.audiences.ProfilesLeftCampaign.v1':
        for (const profile of numbers(data)) {
          insist(this.audience(data.campaignId).delete(profile), `${String(profile)} was not in the campaign`);
        }
        return;
      case 'muster.audiences.ProfilesChangedGroup.v1':
        for (const profile of numbers(data)) {
          insist(this.audience(data.campaignId).get(profile) === 'control', `${String(profile)} was not in control`);
          this.audience(data.campaignId).set(profile, data.group);
        }
        return;
      case 'muster.audiences.AudienceBuilt.v1':
        this.expectAudience(data.campaignId, data.members, data.control);
        return;
      case 'muster.campaigns.CampaignSnapshot.v1':
      case 'muster.campaigns.CampaignStatusChanged.v1':
        this.statuses.set(data.campaignId, data.status);
        return;
      default:
    }
  }

  /** Nothing of a change holds before its closing event. */
  private atItsEnd(changeId: string, change: () => void): void {
    this.open.set(changeId, [...(this.open.get(changeId) ?? []), change]);
  }

  private enterSegment(segmentId: string, members: Members): void {
    for (const profile of numbers(members)) {
      insist(!this.segment(segmentId).has(profile), `${String(profile)} was in the segment already`);
      this.segment(segmentId).add(profile);
    }
  }

  private leaveSegment(segmentId: string, members: Members): void {
    for (const profile of numbers(members)) {
      insist(this.segment(segmentId).delete(profile), `${String(profile)} was not in the segment`);
    }
  }

  private enterCampaign(data: Members & { readonly campaignId: string; readonly control: string }): void {
    const control = new Set(numbers({ profiles: data.control }));
    const audience = this.audience(data.campaignId);
    for (const profile of numbers(data)) {
      insist(!audience.has(profile), `${String(profile)} was in the campaign already`);
      audience.set(profile, control.has(profile) ? 'control' : 'test');
    }
  }

  private expectMembers(segmentId: string, count: number): void {
    const { size } = this.segment(segmentId);
    insist(size === count, `the segment has ${String(size)} members, not ${String(count)}`);
  }

  private expectAudience(campaignId: string, count: number, controlCount: number): void {
    const groups = [...this.audience(campaignId).values()];
    const control = groups.filter((group) => group === 'control');
    insist(groups.length === count, `the audience has ${String(groups.length)} members, not ${String(count)}`);
    insist(control.length === controlCount, `${String(control.length)} are in control, not ${String(controlCount)}`);
  }

  private segment(segmentId: string): Set<number> {
    return entry(this.segments, segmentId, () => new Set());
  }

  private audience(campaignId: string): Map<number, Group> {
    return entry(this.audiences, campaignId, () => new Map());
  }
}

function insist(isTrue: boolean, otherwise: string): void {
  if (!isTrue) throw new Error(otherwise);
}

function entry<V>(map: Map<string, V>, key: string, create: () => V): V {
  const found = map.get(key) ?? create();
  map.set(key, found);
  return found;
}

function numbers({ profiles }: Members): number[] {
  return [...ProfileSet.decodeBase64(profiles)];
}
