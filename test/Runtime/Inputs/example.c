#include <qopt/model.h>
#include <stdio.h>
int main(void) {
  char e[256];
  qopt_handle m;
  int64_t ids[1][4] = {{464, 3290, 318, 257}};
  static float logits[1 * 4 * 50257];
  if (qopt_load("model.so", NULL, &m, e, sizeof e)) {
    fprintf(stderr, "%s\n", e);
    return 1;
  }
  DLTensor in[] = {qopt_i64(ids, 2, (int64_t[]){1, 4})};
  DLTensor out[] = {qopt_f32(logits, 3, (int64_t[]){1, 4, 50257})};
  if (qopt_run(&m, in, 1, out, 1, e, sizeof e)) {
    fprintf(stderr, "%s\n", e);
    return 1;
  }
  printf("%g\n", logits[3 * 50257]);
  qopt_unload(&m);
  return 0;
}
