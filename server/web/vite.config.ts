/// <reference types="vitest/config" />

import { defineConfig } from 'vite';

// The API lives on the same origin in production. While developing, `npm run mock` serves it on loopback.
const api = process.env['DOCKET_API'] ?? 'http://127.0.0.1:4180';

export default defineConfig({
  base: './',
  build: {
    outDir: 'dist',
    target: 'es2022',
    // A data: URL would need an exception in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // The style of customers' copies is part of what is verified.
  test: { css: true },
  server: {
    host: '127.0.0.1',
    fs: { allow: ['../..'] },
    proxy: { '/api': { target: api, secure: false } },
  },
});
