/** The bounded contexts that own a schema and a role of the same name: `segments` and `muster_segments`. */
export const SERVICE_CONTEXTS = ['segments', 'campaigns', 'audiences', 'insights', 'access'] as const;
export type ServiceContext = (typeof SERVICE_CONTEXTS)[number];

export function roleOf(context: ServiceContext): string {
  return `muster_${context}`;
}
