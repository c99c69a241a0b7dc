"""What the end-to-end and interop tests share: certificates, processes, codicil's own programs."""
