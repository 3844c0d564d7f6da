import type { AudiencesIntegrationEvent, Group, Snapshot } from '@muster/contracts';
import { ProfileSet } from '@muster/profile-set';
import type { Client } from './client';

interface SnapshotPage {
  readonly items: readonly Snapshot[];
  readonly nextCursor: string | null;
  readonly feedCursor: string | null;
}

interface FeedPage {
  readonly items: readonly AudiencesIntegrationEvent[];
  readonly nextCursor: string;
  readonly caughtUp: boolean;
}

/** An audience as somebody outside has it who only reads the feed over HTTP. */
export class FollowedAudience {
  readonly groups = new Map<number, Group>();

  private constructor(
    private readonly client: Client,
    private readonly filter: string,
    private cursor: string,
  ) {}

  /** As it is now. */
  static async begin(client: Client, campaignId: string): Promise<FollowedAudience> {
    const filter = `contexts=audiences&subject=${campaignId}&limit=3`;
    const followed = new FollowedAudience(client, filter, '');
    for (let cursor = ''; followed.cursor === '';) {
      const page = await client.get<SnapshotPage>(`/feed/snapshot?${filter}${cursor}`);
      for (const { type, data } of page.items) {
        if (type === 'muster.audiences.AudienceMembersSnapshot.v1') followed.enter(data.profiles, data.control);
      }
      followed.cursor = page.feedCursor ?? '';
      cursor = `&cursor=${page.nextCursor ?? ''}`;
    }
    return followed;
  }

  /** Takes what has come since. */
  async goOn(): Promise<void> {
    for (let caughtUp = false; !caughtUp;) {
      const page = await this.client.get<FeedPage>(`/feed?${this.filter}&after=${this.cursor}`);
      for (const event of page.items) this.take(event);
      this.cursor = page.nextCursor;
      ({ caughtUp } = page);
    }
  }

  private take({ type, data }: AudiencesIntegrationEvent): void {
    if (type === 'muster.audiences.ProfilesEnteredCampaign.v1') this.enter(data.profiles, data.control);
    if (type === 'muster.audiences.ProfilesLeftCampaign.v1') {
      for (const profile of ProfileSet.decodeBase64(data.profiles)) this.groups.delete(profile);
    }
    if (type === 'muster.audiences.ProfilesChangedGroup.v1') {
      for (const profile of ProfileSet.decodeBase64(data.profiles)) this.groups.set(profile, data.group);
    }
  }

  private enter(profiles: string, control: string): void {
    for (const profile of ProfileSet.decodeBase64(profiles)) this.groups.set(profile, 'test');
    for (const profile of ProfileSet.decodeBase64(control)) this.groups.set(profile, 'control');
  }
}
