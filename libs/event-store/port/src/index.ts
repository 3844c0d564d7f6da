export * from './back-off';
export * from './encode';
export * from './errors';
export * from './event-family';
export * from './event-store';
export * from './events';
export * from './lazy-event';
export * from './position';
