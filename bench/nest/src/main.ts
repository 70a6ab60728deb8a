// A gateway as Nest's documentation builds one, for the comparison in bench/nest_gateway.py: `node dist/main.js express|fastify`.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import { GatewayModule } from './gateway.module';

async function start(): Promise<void> {
  const app =
    process.argv[2] === 'fastify'
      ? await NestFactory.create<NestFastifyApplication>(GatewayModule, new FastifyAdapter(), { logger: false })
      : await NestFactory.create(GatewayModule, { logger: false });
  app.enableShutdownHooks();
  await app.listen(Number(process.env.PORT), '127.0.0.1');
}

void start();
