import { SetMetadata, applyDecorators } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import type { Role } from '../access';

export const ROLES_METADATA = 'muster:roles';
export const PUBLIC_METADATA = 'muster:public';

/** Who may call the route (or every route of the class); `admin` always may. A route without this and without `@Public` answers 403 to everyone. */
export function Roles(...roles: readonly [Role, ...Role[]]): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(ROLES_METADATA, roles), ApiSecurity('bearer'), ApiSecurity('apiKey'));
}

/** Anyone may call the route, without a key. */
export function Public(): MethodDecorator & ClassDecorator {
  return SetMetadata(PUBLIC_METADATA, true);
}
