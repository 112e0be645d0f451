import numpy as np
import qopt

model = qopt.load("model.so")
logits = model(input_ids=np.array([[464, 3290, 318, 257]]))["logits"]
print(logits[0, 3, 0])
