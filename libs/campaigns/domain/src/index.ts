export * from './activity.decider';
export * from './campaign';
export * from './campaign.commands';
export * from './campaign.decider';
