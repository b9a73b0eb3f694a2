/** Sends files to the server so that a cut connection goes on where it was (tus 1.0). */

import { blake3 } from '@noble/hashes/blake3.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { Upload, type DetailedError } from 'tus-js-client';
import { ApiError } from './api';

/** One request carries this much: a cut costs at most as much again. */
const CHUNK_BYTES = 1024 * 1024;

/** Waits between tries, in milliseconds; a connection that comes back later is tried by the person. */
const RETRY_MS = [0, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000];

/** Sends a file for an order; gives its content address. */
export async function sendFile(order: string, file: File, onPercent: (percent: number) => void): Promise<string> {
  const digest = bytesToHex(blake3(new Uint8Array(await file.arrayBuffer())));
  await new Promise<void>((done, fail) => {
    const upload = new Upload(file, {
      endpoint: '/api/attachments',
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRY_MS,
      metadata: { order, digest, filename: file.name },
      // Nothing is kept in the browser: on a desk that several people use it would stay for the next one.
      storeFingerprintForResuming: false,
      onProgress: (sent, total) => onPercent(total === 0 ? 100 : Math.floor((sent / total) * 100)),
      onSuccess: () => done(),
      onError: (error) => fail(refusal(error)),
    });
    upload.start();
  });
  return digest;
}

function refusal(error: Error | DetailedError): ApiError {
  const response = 'originalResponse' in error ? error.originalResponse : null;
  if (!response) return new ApiError(0, 'no_answer', '', null, null);
  let said: { code?: string; message?: string; field?: string | null } = {};
  try {
    said = JSON.parse(response.getBody()) as typeof said;
  } catch {
    // The status alone is told.
  }
  return new ApiError(response.getStatus(), said.code ?? `http_${response.getStatus()}`, said.message ?? '', said.field ?? null, said);
}
