import { z } from "zod";

const URL_LENGTH = 2048;

/** What is wrong with an address, whatever this server's policy is. */
const faultOf = (text: string): string | null => {
  if (!URL.canParse(text)) return "must be an absolute URL, such as https://example.com/hooks";
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") return "must be a URL of https://";
  if (url.username !== "" || url.password !== "") return "must not contain a user name or a password";
  if (url.hash !== "") return "must not contain a fragment (#…): it would not be sent";
  return null;
};

const WebhookUrl = z
  .string()
  .max(URL_LENGTH)
  .superRefine((text, context) => {
    const fault = faultOf(text);
    if (fault !== null) context.addIssue({ code: "custom", message: fault });
  });

export const WebhookSpec = z
  .strictObject({
    url: WebhookUrl.describe("Where to: https, on a public address; gets a signed POST as Standard Webhooks has it."),
  })
  .meta({ id: "WebhookSpec", description: "Whom to tell of the end." });

export type WebhookSpec = z.infer<typeof WebhookSpec>;
