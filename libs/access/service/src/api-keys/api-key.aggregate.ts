import { apiKey, type ApiKey, type ApiKeyCommand } from '@muster/access-domain';
import { apiKeyEvents, type ApiKeyEvent } from '@muster/access-events';
import type { Aggregate } from '@muster/aggregates';

export const apiKeyAggregate: Aggregate<ApiKey, ApiKeyCommand, ApiKeyEvent> = { events: apiKeyEvents, decider: apiKey };
