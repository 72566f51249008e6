import type { FastifyReply } from "fastify";
import { reportPagePolicy } from "../usecases/models/page/document.ts";

/** A browser asks for text/html, a program for JSON or for anything. */
export const wantsPage = (accept: string | undefined): boolean =>
  accept?.includes("text/html") === true && !accept.includes("application/json");

/** A page that needs nothing from anywhere; its own policy lets it have its style. */
export const asPage = (reply: FastifyReply, page: string): FastifyReply =>
  reply.type("text/html; charset=utf-8").header("content-security-policy", reportPagePolicy).send(page);
