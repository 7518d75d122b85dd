import time, collections
from tests.web.sweep import *
def test_a(portal, app, cast, engine):
    t=time.process_time(); s = Sweep(app, cast, thorough=engine.name=="sqlite"); print("made", time.process_time()-t)
    t=time.process_time(); w=time.perf_counter()
    v = list(s.violations())
    print("cpu", time.process_time()-t, "wall", time.perf_counter()-w, s.asker.asked)
    for x in v:
        if "order/value" not in x and "activation-mail" not in x: print(x)
    print(len(v))
