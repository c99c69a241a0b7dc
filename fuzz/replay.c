// Runs every file of the directories and files named on the command line through a fuzz target, so
// that a build without libFuzzer still proves the corpus.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t run_file(const char *path) {
  FILE *f = fopen(path, "rb");
  if (f == NULL) {
    perror(path);
    exit(1);
  }
  struct stat st;
  if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode)) {
    fclose(f);
    return 0;
  }
  size_t len = (size_t)st.st_size;
  // Exactly as long as the input: a read past its end is one that ASan sees.
  uint8_t *data = malloc(len > 0 ? len : 1);
  if (data == NULL || fread(data, 1, len, f) != len) {
    perror(path);
    exit(1);
  }
  fclose(f);
  LLVMFuzzerTestOneInput(data, len);
  free(data);
  return 1;
}

static size_t run_path(const char *path) {
  DIR *dir = opendir(path);
  if (dir == NULL) {
    return run_file(path);
  }
  size_t num = 0;
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    char file[4096];
    if (entry->d_name[0] != '.' &&
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name) < (int)sizeof file) {
      num += run_file(file);
    }
  }
  closedir(dir);
  return num;
}

int main(int argc, char **argv) {
  size_t num = 0;
  for (int i = 1; i < argc; i++) {
    num += run_path(argv[i]);
  }
  printf("%zu inputs\n", num);
  return num > 0 ? 0 : 1;
}
