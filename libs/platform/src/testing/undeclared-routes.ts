import { RequestMethod, type INestApplication } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants';
import { ModulesContainer, Reflector } from '@nestjs/core';
import { PUBLIC_METADATA, ROLES_METADATA } from '../http/access.decorators';

/** Routes of the app that carry neither `@Roles` nor `@Public`: the guard denies them to everyone, so they are mistakes. */
export function undeclaredRoutes(app: INestApplication): readonly string[] {
  const reflector = app.get(Reflector);
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()]);
  return controllers.flatMap(({ metatype }) => {
    if (typeof metatype !== 'function') return [];
    const prototype = metatype.prototype as Record<string, unknown>;
    return Object.getOwnPropertyNames(prototype).flatMap((name) => {
      const handler = prototype[name];
      if (name === 'constructor' || typeof handler !== 'function' || !Reflect.hasMetadata(PATH_METADATA, handler))
        return [];
      const targets = [handler, metatype] as Parameters<Reflector['getAllAndOverride']>[1];
      const declared = [ROLES_METADATA, PUBLIC_METADATA].some(
        (key) => reflector.getAllAndOverride<unknown>(key, targets) !== undefined,
      );
      const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as number] ?? '';
      return declared ? [] : [`${metatype.name}.${name} (${method})`];
    });
  });
}
